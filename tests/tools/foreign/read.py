"""Reads the file it is given as programs in Python do, a .yaml file with `PyYAML` and any other with `python-dotenv`, and
prints what it holds as one JSON object."""

import json
import sys

import yaml
from dotenv import dotenv_values

file = sys.argv[1]
if file.endswith(".yaml"):
    with open(file, encoding="utf-8") as opened:
        print(json.dumps(yaml.safe_load(opened)))
else:
    print(json.dumps(dotenv_values(file)))
