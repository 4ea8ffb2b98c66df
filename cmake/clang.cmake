# Toolchain of the sanitizer presets: Clang, whatever version this system has. 14 first, which CI uses.
find_program(FOVEA_CLANG NAMES clang++-14 clang++ clang++-15 clang++-16 clang++-17 clang++-18
             clang++-19 REQUIRED)
set(CMAKE_CXX_COMPILER ${FOVEA_CLANG})
