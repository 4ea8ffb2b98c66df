# fovea_options: flags every target of ours shares. Linked PUBLIC by fovea_core.
add_library(fovea_options INTERFACE)
target_include_directories(fovea_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(fovea_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 sees overlapping copies in std::string's operator+ that are not there (GCC bug 105651).
  target_compile_options(fovea_options INTERFACE -Wno-restrict)
endif()
if(EMSCRIPTEN)
  # Emscripten catches no exception and uses no vector instruction unless told to. What is not
  # arithmetic is built small: it is downloaded more often than it runs.
  target_compile_options(fovea_options INTERFACE -fwasm-exceptions -msimd128 -Oz)
  target_link_options(fovea_options INTERFACE -fwasm-exceptions)
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
  target_link_options(fovea_options INTERFACE -fsanitize=${FOVEA_SANITIZE})
endif()
