// Prints a token of the stock at the address that it is given.
const reply = await fetch(new URL("/login", process.argv[2]), { method: "POST" });
console.log((await reply.json()).token);
