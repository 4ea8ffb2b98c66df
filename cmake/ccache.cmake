# A second build is nearly free where ccache is installed; nothing depends on it. The sloppiness lets it
# work with precompiled headers (ccache's manual, "Precompiled headers").
find_program(FOVEA_CCACHE ccache)
if(FOVEA_CCACHE AND NOT EMSCRIPTEN AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros ${FOVEA_CCACHE})
endif()
