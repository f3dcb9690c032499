"""Stages in, folders out: a content-addressed cache of finished work, and byte-stable writers."""
