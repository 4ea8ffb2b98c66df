# fovea_options: flags every target of ours shares. Linked PUBLIC by fovea_core.
add_library(fovea_options INTERFACE)
target_include_directories(fovea_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(fovea_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports overlapping and oversized copies inside std::string that do not happen (GCC bugs 105651
  # and 105329). The sanitizer builds check for real ones.
  target_compile_options(fovea_options INTERFACE -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread
                                                 -Wno-array-bounds)
endif()
if(EMSCRIPTEN)
  # Emscripten needs -msimd128 to use vector instructions. The other options make the download small: -Oz
  # for everything but arithmetic, and link-time optimisation of the whole program, so that the linker can
  # remove functions that only training calls (the virtual backward() of every layer).
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
