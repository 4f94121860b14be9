"""Reads the .env file it is given as `python-dotenv` does, and prints what it holds as one JSON object."""

import json
import sys

from dotenv import dotenv_values

print(json.dumps(dotenv_values(sys.argv[1])))
