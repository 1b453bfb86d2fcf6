"""`payments` charges cards. Its step is the pivot: nothing that was charged is ever given back."""
