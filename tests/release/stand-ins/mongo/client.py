"""What the stand-in needs of a client: `make-user` from the variables, and `ping HOST`."""

import os
import sys

import pymongo


def make_user():
    name, password = (os.environ[f"MONGO_INITDB_ROOT_{word}"] for word in ("USERNAME", "PASSWORD"))
    client = pymongo.MongoClient("127.0.0.1", serverSelectionTimeoutMS=30_000)
    client["admin"].command("createUser", name, pwd=password, roles=[{"role": "root", "db": "admin"}])


def ping(host):
    client = pymongo.MongoClient(host, serverSelectionTimeoutMS=5_000)
    client["admin"].command("ping")


if sys.argv[1] == "make-user":
    make_user()
else:
    ping(sys.argv[2])
