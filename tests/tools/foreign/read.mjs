// Reads the .env file it is given as `dotenv` for Node does, and prints what it holds as one JSON object.
import { readFileSync } from "node:fs";
import { argv, stdout } from "node:process";
import { parse } from "dotenv";

stdout.write(JSON.stringify(parse(readFileSync(argv[2]))));
