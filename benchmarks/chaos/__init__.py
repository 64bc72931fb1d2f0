"""A thousand room-hours with everything going wrong at once, judged by the emulator's own books.

plan: what people do · troubles: what goes wrong · world: it happens · verdict: what came of it
"""
