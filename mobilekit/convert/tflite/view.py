"""The view of a legalised graph, as this frontend's modules name it."""

from __future__ import annotations

from mobilekit.convert.view import GraphView, Shape, view_of

__all__ = ["GraphView", "Shape", "view_of"]
