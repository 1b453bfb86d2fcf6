"""Playing scenarios on a stage, and gathering what became of them."""
