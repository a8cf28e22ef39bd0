#!/usr/bin/env python3
"""Makes kernels.ptx of kernels.cu. Needs neither a GPU nor a driver nor a CUDA toolkit:

    pip install nvidia-cuda-nvrtc-cu12==12.1.105
    python3 crates/encoder-cuda/kernels/compile.py

The version is the oldest that knows the instructions: PTX of a newer compiler asks for a newer driver. What it
writes loads into drivers of CUDA 12.1 (530) and later. The first line of the PTX names the hash of its source; a test
compares them. Where `ptxas` is at hand (pip install nvidia-cuda-nvcc-cu12), `--assemble` shows registers and spills.
"""

import ctypes
import hashlib
import pathlib
import site
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
OLDEST = b"compute_80"
CARDS = ["sm_80", "sm_86", "sm_89", "sm_90"]


def packages(pattern):
    return [path for root in site.getsitepackages() for path in pathlib.Path(root, "nvidia").glob(pattern)]


def compiled(source):
    libraries = packages("cuda_nvrtc/lib/libnvrtc.so.12")
    if not libraries:
        sys.exit("compile.py: no nvrtc: pip install nvidia-cuda-nvrtc-cu12==12.1.105")
    nvrtc = ctypes.CDLL(str(libraries[0]))
    program = ctypes.c_void_p()
    nvrtc.nvrtcCreateProgram(ctypes.byref(program), source, b"kernels.cu", 0, None, None)
    options = [b"--gpu-architecture=" + OLDEST, b"--std=c++14"]
    failed = nvrtc.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*options))
    size = ctypes.c_size_t()
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    if log.value:
        print(log.value.decode(), file=sys.stderr)
    if failed:
        sys.exit("compile.py: kernels.cu does not compile")
    nvrtc.nvrtcGetPTXSize(program, ctypes.byref(size))
    text = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetPTX(program, text)
    return text.value.decode()


def assemble(ptx):
    tools = packages("cuda_nvcc/bin/ptxas")
    if not tools:
        sys.exit("compile.py: no ptxas: pip install nvidia-cuda-nvcc-cu12")
    for card in CARDS:
        with tempfile.NamedTemporaryFile() as out:
            command = [str(tools[0]), "-v", f"--gpu-name={card}", str(ptx), "-o", out.name]
            done = subprocess.run(command, capture_output=True, text=True)
            print(done.stderr)
            if done.returncode:
                sys.exit(f"compile.py: kernels.ptx does not assemble for {card}")


def main():
    source = (HERE / "kernels.cu").read_bytes()
    digest = hashlib.sha256(source).hexdigest()
    ptx = HERE / "kernels.ptx"
    ptx.write_text(f"// of kernels.cu with sha256 {digest}\n{compiled(source)}")
    print(f"{ptx.name}: {len(ptx.read_text().splitlines())} lines for {OLDEST.decode()} and later")
    if "--assemble" in sys.argv[1:]:
        assemble(ptx)


if __name__ == "__main__":
    main()
