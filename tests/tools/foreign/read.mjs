// Reads the file it is given as programs in Node do, a .yaml file with `js-yaml` and any other with `dotenv`, and prints
// what it holds as one JSON object.
import { readFileSync } from "node:fs";
import { argv, stdout } from "node:process";
import { parse } from "dotenv";
import { load } from "js-yaml";

const [, , file] = argv;
const text = readFileSync(file, "utf8");
stdout.write(JSON.stringify(file.endsWith(".yaml") ? load(text) : parse(text)));
