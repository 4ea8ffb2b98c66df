# A second build is nearly free when ccache is there; nothing depends on it.
find_program(FOVEA_CCACHE ccache)
if(FOVEA_CCACHE AND NOT EMSCRIPTEN AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${FOVEA_CCACHE})
endif()
