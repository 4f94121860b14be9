"""What starts the database in the image that stands in for MongoDB's own (see images.sh): SecantusDB, which speaks its wire
protocol, told what that image is told. As `mongo`, it is the client of a health check, which only asks whether the database answers.

Environment: MONGO_INITDB_ROOT_USERNAME, and MONGO_INITDB_ROOT_PASSWORD or MONGO_INITDB_ROOT_PASSWORD_FILE.
"""

import os
import pathlib
import subprocess
import sys
import time

import pymongo

DATA = pathlib.Path("/data/db/secantus")
PORT = 27017
SERVER = [sys.executable, "-c", "from secantus.cli import main; main()", f"--port={PORT}", f"--storage-path={DATA}",
          "--cache-size=256M", "--sync-on-commit", "--standalone"]


def setting(name):
    """A setting, which may be in a file."""
    file = os.environ.get(f"{name}_FILE")
    return pathlib.Path(file).read_text().strip() if file else os.environ.get(name)


def client():
    return pymongo.MongoClient("127.0.0.1", PORT, directConnection=True, serverSelectionTimeoutMS=500)


def answers():
    try:
        client().admin.command("ping")
    except pymongo.errors.OperationFailure:
        return True  # It asks who is there, and that is an answer.
    except pymongo.errors.PyMongoError:
        return False
    return True


def make_user(name, password):
    """Makes the first user while nobody else can reach the database; a start that is cut short does it again."""
    process = subprocess.Popen([*SERVER, "--host=127.0.0.1"])
    while not answers():
        if process.poll() is not None:
            sys.exit("the database ended before it had its user")
        time.sleep(0.1)
    admin = client().admin
    if not admin.command("usersInfo", name)["users"]:
        admin.command("createUser", name, pwd=password, roles=["root"])
    process.terminate()
    process.wait()


def main():
    if pathlib.Path(sys.argv[0]).name.startswith("mongo") and not sys.argv[0].endswith("mongod.py"):
        sys.exit(0 if answers() else 1)
    name, password = setting("MONGO_INITDB_ROOT_USERNAME"), setting("MONGO_INITDB_ROOT_PASSWORD")
    DATA.mkdir(parents=True, exist_ok=True)
    made = DATA.parent / "user-made"
    if name and not made.exists():
        make_user(name, password)
        made.touch()
    os.execv(sys.executable, [*SERVER, "--host=0.0.0.0", *(["--auth"] if name else [])])


main()
