"""libtome read through ctypes, as a data loader in Python would: a case opened once, boxes into fresh NumPy arrays."""
import ctypes as c

import numpy as np


class Error(c.Structure):
    _fields_ = [("code", c.c_int), ("message", c.c_char * 1020)]


class Box(c.Structure):
    _fields_ = [("lo", c.c_int64 * 3), ("hi", c.c_int64 * 3)]


class Options(c.Structure):
    _fields_ = [("dtype", c.c_int), ("rescale", c.c_bool), ("clip_lo", c.c_double), ("clip_hi", c.c_double), ("offset", c.c_double),
                ("scale", c.c_double)]


class Run(c.Structure):
    _fields_ = [("threads", c.c_int), ("stop", c.c_void_p), ("progress", c.c_void_p), ("user", c.c_void_p)]


class VolumeInfo(c.Structure):
    _fields_ = [("shape", c.c_int64 * 3), ("spacing", c.c_double * 3), ("rest", c.c_char * 1024)]


class Words(c.Structure):  # tome_recipe_text
    _fields_ = [("steps", c.POINTER(c.c_char_p)), ("count", c.c_size_t), ("file", c.c_char_p)]


F32 = 9  # tome_dtype


class Case:
    """One case of a store; `read(slices, threads)` gives its image there, as stored or normalised to float32."""

    def __init__(self, library, store, case_id):
        self.lib = c.CDLL(library)
        for name in ("tome_open", "tome_case_open"):
            getattr(self.lib, name).restype = c.c_void_p
        self.lib.tome_read.restype = c.c_bool
        self.lib.tome_read.argtypes = [c.c_void_p, c.c_char_p, c.POINTER(Box), c.POINTER(Options), c.c_void_p, c.c_size_t,
                                       c.POINTER(Run), c.POINTER(Error)]
        self.error = Error()
        self.store = self.checked(self.lib.tome_open(store.encode(), c.byref(self.error)))
        self.case = self.checked(self.lib.tome_case_open(c.c_void_p(self.store), case_id.encode(), c.byref(self.error)))

    def checked(self, result):
        if not result:
            raise RuntimeError(self.error.message.decode())
        return result

    def spacing(self):
        """mm, z, y, x."""
        info = VolumeInfo()
        self.checked(self.lib.tome_case_info(c.c_void_p(self.case), b"image", c.byref(info), c.byref(self.error)))
        return list(info.spacing)

    def read(self, slices, threads, normalise=None, out=None):
        """`normalise` is (clip_lo, clip_hi, offset, scale): out = (clamp(v) - offset) * scale, float32. `out`: a fresh array where None."""
        box = Box()
        for axis, s in enumerate(slices):
            box.lo[axis], box.hi[axis] = s.start, s.stop
        if out is None:
            out = np.empty([s.stop - s.start for s in slices], np.float32 if normalise else np.int16)
        options = Options(F32, True, *normalise) if normalise else None
        run = Run(threads)
        self.checked(self.lib.tome_read(self.case, b"image", c.byref(box), c.byref(options) if options else None, out.ctypes.data,
                                        out.nbytes, c.byref(run), c.byref(self.error)))
        return out


class Recipe(Case):
    """A recipe over the case; `patch` gives a box of its image, float32, nothing kept from one to the next: planned, read, computed and closed anew."""

    def __init__(self, library, store, case_id, steps):
        super().__init__(library, store, case_id)
        self.lib.tome_result_open.restype = c.c_void_p
        self.lib.tome_result_open.argtypes = [c.c_void_p, c.c_char_p, c.POINTER(Words), c.c_void_p, c.POINTER(Run), c.POINTER(Error)]
        self.lib.tome_result_read.restype = c.c_bool
        self.lib.tome_result_read.argtypes = [c.c_void_p, c.c_char_p, c.POINTER(Box), c.c_void_p, c.c_size_t, c.POINTER(Run), c.POINTER(Error)]
        self.lib.tome_result_close.argtypes = [c.c_void_p]
        self.id, self.words = case_id.encode(), Words((c.c_char_p * len(steps))(*[s.encode() for s in steps]), len(steps), None)

    def patch(self, slices, threads):
        run, box = Run(threads), Box()
        for axis, s in enumerate(slices):
            box.lo[axis], box.hi[axis] = s.start, s.stop
        result = self.checked(self.lib.tome_result_open(self.store, self.id, c.byref(self.words), None, c.byref(run), c.byref(self.error)))
        out = np.empty([s.stop - s.start for s in slices], np.float32)
        ok = self.lib.tome_result_read(result, b"image", c.byref(box), out.ctypes.data, out.nbytes, c.byref(run), c.byref(self.error))
        self.lib.tome_result_close(result)
        self.checked(ok)
        return out
