"""How the plug-ins' gRPC servers are set up; which services they hold is each plug-in's own business."""

from __future__ import annotations

_LARGEST_MESSAGE_BYTES = 400 << 20
"""The engine's own limit; a state that it can hold must fit."""

SERVER_OPTIONS = (
    ("grpc.max_receive_message_length", _LARGEST_MESSAGE_BYTES),
    ("grpc.max_send_message_length", _LARGEST_MESSAGE_BYTES),
)
