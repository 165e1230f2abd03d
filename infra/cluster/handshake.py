"""Handshake: the command by which a gateway's container is asked whether the broker's API answers. Runs nothing itself.

A connection alone would prove the port's forwarder, which accepts while the gateway behind it is dead or logged out.
The image has bash and no client of the API, so bash speaks the greeting. tests/broker runs this very command.
"""

from __future__ import annotations

_GREETING = r"""
LC_ALL=C
exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
printf 'API\0\0\0\0\11v157..176' >&3 || exit 1
for _ in 1 2 3; do IFS= read -r -d '' -t 4 zero <&3 && [[ -z $zero ]] || exit 1; done
IFS= read -r -d '' -t 4 version <&3 && IFS= read -r -d '' -t 4 _ <&3 || exit 1
[[ ${version:1} == [1-9][0-9][0-9] ]]
"""
"""`API`, a zero byte, the length 9 in four bytes, the versions we speak. The answer is its own length in four bytes,
the gateway's version, a zero byte, its time, a zero byte. A read ends at a zero byte: the length begins with three of
them, and its last byte stands before the version. Both fields are read, so that the gateway sees an ordinary end. No
client id is taken: the command leaves before it would say one.
"""


def handshake(port: int) -> list[str]:
    """Command that exits 0 when a gateway answers on this port of its own container, and with something else if not."""
    return ["bash", "-c", _GREETING.strip(), "handshake", str(port)]
