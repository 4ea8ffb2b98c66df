# Two ways to shorten a full build. Most of its time goes into headers and into templates that every source
# file instantiates again.
# - Batches (FOVEA_UNITY): several source files of a target are compiled as one. A name in an anonymous
#   namespace must therefore be unique within a target; the compiler reports a clash.
# - Precompiled headers (FOVEA_PCH).
# The presets `editor` and `tidy`, whose compile_commands.json other programs read, switch off what these do
# not understand.

# fovea_precompile(TARGET HEADERS...): precompiled headers, with the options that make ccache work.
function(fovea_precompile target)
  if(NOT FOVEA_PCH)
    return()
  endif()
  target_precompile_headers(${target} PRIVATE ${ARGN})
  fovea_pch_options(${target})
endfunction()

# fovea_precompile_like(TARGET OTHER): the precompiled headers of another target with the same options.
function(fovea_precompile_like target other)
  if(NOT FOVEA_PCH)
    return()
  endif()
  target_precompile_headers(${target} REUSE_FROM ${other})
  fovea_pch_options(${target})
endfunction()

# fovea_compile_fast(TARGET HEADERS...): batches and precompiled headers.
function(fovea_compile_fast target)
  if(FOVEA_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # In a batch every source counts as included, for which GCC checks the linkage of members.
      target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
    endif()
  endif()
  fovea_precompile(${target} ${ARGN})
endfunction()

function(fovea_pch_options target)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -fpch-preprocess)
  elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND NOT EMSCRIPTEN)
    target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
endfunction()
