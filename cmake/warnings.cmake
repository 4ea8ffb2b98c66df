# fovea_options: flags every target of ours shares. Linked PUBLIC by fovea_core.
add_library(fovea_options INTERFACE)
target_include_directories(fovea_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(fovea_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 sees overlapping copies in std::string's operator+ that are not there (GCC bug 105651).
  target_compile_options(fovea_options INTERFACE -Wno-restrict)
endif()
if(EMSCRIPTEN)
  # Emscripten uses no vector instruction unless told to. The rest is for a small download: what is not
  # arithmetic is built small, and the linker sees the whole program, so that it can drop what only
  # training calls (the virtual backward() of every layer and below).
  set(whole_program -flto -fwhole-program-vtables -fvirtual-function-elimination)
  target_compile_options(fovea_options INTERFACE -msimd128 -Oz -fvisibility=hidden ${whole_program})
  target_link_options(fovea_options INTERFACE ${whole_program})
endif()
if(FOVEA_WERROR)
  target_compile_options(fovea_options INTERFACE -Werror)
endif()
if(FOVEA_ARCH)
  target_compile_options(fovea_options INTERFACE -march=${FOVEA_ARCH})
endif()
if(FOVEA_SANITIZE)
  target_compile_options(fovea_options INTERFACE -fsanitize=${FOVEA_SANITIZE} -fno-omit-frame-pointer
                                                 -fno-sanitize-recover=all)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # Its check of function pointers cannot be compiled into coroutines (LLVM 14).
    target_compile_options(fovea_options INTERFACE -fno-sanitize=function)
  elseif(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Sanitized code confuses this analysis (GCC's manual, -fsanitize=thread and address).
    target_compile_options(fovea_options INTERFACE -Wno-maybe-uninitialized)
  endif()
  target_link_options(fovea_options INTERFACE -fsanitize=${FOVEA_SANITIZE})
endif()
