# fovea_embed(target folder function): compiles the files of a folder into the target and defines
# fovea::server::<function>(), sorted by path. A folder that does not exist gives no files;
# files that appear later are found by the next build. Each file comes with a gzip twin when
# that is a tenth smaller. The assembler copies the bytes (.incbin), so size costs no compile time.
function(fovea_embed target folder function)
  file(GLOB_RECURSE files RELATIVE ${folder} CONFIGURE_DEPENDS ${folder}/*)
  find_program(FOVEA_GZIP gzip)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${function})
  set(data "")
  set(table "")
  set(depends "")
  set(count 0)
  foreach(file IN LISTS files)
    set(plain ${folder}/${file})
    set(packed ${out}/${count}.gz)
    list(APPEND depends ${plain})
    set(gzip "{}")
    string(APPEND data "FOVEA_INCLUDE(file_${count}, \"${plain}\")\n")
    if(FOVEA_GZIP AND NOT file MATCHES "\\.(png|jpg|webp|woff2|gz|br)$")
      add_custom_command(OUTPUT ${packed} DEPENDS ${plain} VERBATIM
        COMMAND sh -c "gzip -9nc \"$1\" > \"$2\"" sh ${plain} ${packed})
      list(APPEND depends ${packed})
      string(APPEND data "FOVEA_INCLUDE(gzip_${count}, \"${packed}\")\n")
      set(gzip "if_smaller(FOVEA_BYTES(gzip_${count}), FOVEA_BYTES(file_${count}))")
    endif()
    string(APPEND table
      "      {\"${file}\", FOVEA_BYTES(file_${count}), ${gzip}},\n")
    math(EXPR count "${count} + 1")
  endforeach()
  set(FOVEA_EMBED_FUNCTION ${function})
  set(FOVEA_EMBED_DATA "${data}")
  set(FOVEA_EMBED_TABLE "${table}")
  configure_file(${PROJECT_SOURCE_DIR}/cmake/embedded_files.cpp.in ${out}/files.cpp @ONLY)
  set_source_files_properties(${out}/files.cpp PROPERTIES
    OBJECT_DEPENDS "${depends}" SKIP_UNITY_BUILD_INCLUSION ON)
  target_sources(${target} PRIVATE ${out}/files.cpp)
endfunction()
