"""gridworks-parent.py TEXT [OPTION]...: the genuine parent, which cannot decode a message with TEXT in it.

Only its decoder is made to fail, as it does at a type that it knows otherwise. What follows is its own.
"""
import os
import sys

sys.path.insert(0, os.environ["TIDEGATE_SHARED"] + "/peers/gridworks")
import gwproto  # noqa: E402
from peer import parser, run  # noqa: E402

text = sys.argv.pop(1).encode()
decode = gwproto.MQTTCodec.decode


def failing(self, topic, payload):
    if text in payload:
        raise ValueError("this one cannot be decoded")
    return decode(self, topic, payload)


gwproto.MQTTCodec.decode = failing
run("parent", parser("parent").parse_args())
