"""Awkward sizes, in one place: nothing, one, one less and one more than each vector and panel width, primes."""

LENGTHS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 1023, 1024, 1025, 5003]

# (rows, columns) for kernels that work by rows or by columns
ROWS = [(1, 1), (1, 7), (2, 16), (3, 17), (5, 1), (7, 31), (16, 32), (17, 33), (33, 64), (8, 100), (65, 10), (4, 257)]

# (batch n, inputs k, outputs m) for the dense layer
DENSE = [
    (1, 1, 1),
    (1, 7, 3),
    (2, 3, 1),
    (3, 16, 16),
    (5, 17, 15),
    (7, 31, 33),
    (13, 32, 32),
    (14, 33, 31),
    (15, 64, 10),
    (31, 65, 17),
    (32, 100, 20),
    (33, 1, 40),
    (64, 40, 1),
    (65, 129, 67),
    (100, 13, 97),
    (128, 96, 64),
]
