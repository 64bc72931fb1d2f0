"""A thousand room-hours with everything going wrong at once, judged by the emulator's own books.

plan: what people do · troubles, machines: what goes wrong · world: it happens · history: what is noted ·
verdict: what came of the rooms · delivery_verdict: what came of files and events · pair: the same
callbacks with and without a delivery that fails
"""
