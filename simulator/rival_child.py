"""ThingsBoard gateway's SQLite storage under load, alone in its process. ``simulator.rival`` runs it.

    rival_child.py FOLDER write COUNT SIZE   put that many as fast as it goes, until all are in the file
    rival_child.py FOLDER steady RATE SIZE   put for ever at a rate; says each number once put() returned True
    rival_child.py FOLDER stop COUNT SIZE    put that many, then stop() in order
    rival_child.py FOLDER count              how many are in the file

It imports nothing of ours, and of theirs only what a hall would use to store its messages.
"""

import logging
import sqlite3
import sys
import threading
import time
from pathlib import Path


def open_storage(folder: str):
    from thingsboard_gateway.storage.sqlite.sqlite_event_storage import SQLiteEventStorage  # type: ignore

    class Quiet(logging.Logger):
        def trace(self, *_: object, **__: object) -> None:
            """Their logger has this level."""

    logger = Quiet("rival", logging.CRITICAL)
    return SQLiteEventStorage({"data_file_path": folder + "/"}, logger, threading.Event())


def stored(folder: str) -> int:
    found = 0
    for file in Path(folder).glob("*.db"):
        connection = sqlite3.connect(file)
        found += connection.execute("SELECT count(*) FROM messages").fetchone()[0]
        connection.close()
    return found


def message(number: int, size: int) -> str:
    return f"{number:012d}".ljust(size, "x")


def write(folder: str, count: int, size: int) -> None:
    storage = open_storage(folder)
    messages = [message(number, size) for number in range(count)]
    began = time.perf_counter()
    for text in messages:
        storage.put(text)
    reader = sqlite3.connect(f"{folder}/data.db")
    while reader.execute("SELECT max(id) FROM messages").fetchone()[0] != count:
        time.sleep(0.001)
    print(count / (time.perf_counter() - began), flush=True)


def steady(folder: str, rate: int, size: int) -> None:
    storage = open_storage(folder)
    print("ready", flush=True)
    began, number = time.perf_counter(), 0
    while True:
        for _ in range(max(1, rate // 200)):
            if storage.put(message(number, size)):
                sys.stdout.write(f"{number}\n")
            number += 1
        sys.stdout.flush()
        time.sleep(max(0.0, began + number / rate - time.perf_counter()))


def stop(folder: str, count: int, size: int) -> None:
    storage = open_storage(folder)
    print(sum(bool(storage.put(message(number, size))) for number in range(count)), flush=True)
    storage.stop()


if __name__ == "__main__":
    where, what, *numbers = sys.argv[1:]
    if what == "count":
        print(stored(where))
    else:
        {"write": write, "steady": steady, "stop": stop}[what](where, *map(int, numbers))
