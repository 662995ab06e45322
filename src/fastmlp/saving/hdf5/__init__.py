"""HDF5 files read in Python alone, so that a damaged or hostile one can do no more than raise a ValueError.

Read is what h5py, TensorFlow and Keras write into files of weights and models; the names follow the public HDF5 File
Format Specification. Every address and length is held against the file; what is read, computed and made all together
is bounded by its size (`source.Source`).

>>> read(b"not HDF5")
Traceback (most recent call last):
ValueError: HDF5: expected the signature of HDF5, got b'not HDF5'; this is a file of another kind
"""

from fastmlp.saving.hdf5.objects import Attributes, Dataset, Group, read

__all__ = ["Attributes", "Dataset", "Group", "read"]
