// Prints what is left of an item: from the stock's own file, since none of its calls shows it. `DATA=folder node left.mjs ITEM`
import { readFileSync } from "node:fs";

console.log(JSON.stringify({ left: JSON.parse(readFileSync(`${process.env.DATA}/left.json`, "utf8"))[process.argv[2]] }));
