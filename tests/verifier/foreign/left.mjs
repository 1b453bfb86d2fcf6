// Prints what is left of an item: from the stock's own file, since none of its calls shows it.
import { readFileSync } from "node:fs";

const { file } = JSON.parse(readFileSync("config.json", "utf8"));
console.log(JSON.stringify({ left: JSON.parse(readFileSync(file, "utf8"))[process.env.ITEM] }));
