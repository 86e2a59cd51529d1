# The DICOM reader: attributes and values against pydicom, Pillow, dcmtk's encoders and reference NIfTI files.
add_executable(tool_dicom dicom_tool.c)
target_link_libraries(tool_dicom PRIVATE tome_format tome_public tome_flags Threads::Threads m)
add_executable(tool_dicom_write dicom_write_tool.c)
target_link_libraries(tool_dicom_write PRIVATE tome_format tome_public tome_flags Threads::Threads m)
set(DICOM_SCRIPTS dicom dicom_made dicom_malformed dicom_write)
foreach(script IN LISTS DICOM_SCRIPTS)
  add_test(NAME format_${script}_oracle
    COMMAND /usr/bin/python3 -W ignore ${CMAKE_CURRENT_SOURCE_DIR}/${script}_oracle.py --tool $<TARGET_FILE:tool_dicom>)
  set_tests_properties(format_${script}_oracle PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 900
    ENVIRONMENT "TOME_DATA=${CMAKE_SOURCE_DIR}/../shared/data;TOME_TMP=${CMAKE_BINARY_DIR}/tmp;TOME_DICOM_WRITER=$<TARGET_FILE:tool_dicom_write>;PYTHONDONTWRITEBYTECODE=1;ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1")
endforeach()
tome_test(format_dicom_threads SOURCES dicom_threads.c SEES format)

# SEG and RTSTRUCT: files written by pydicom, and the real ones.
add_executable(tool_dicom_draw dicom_draw_tool.c)
target_link_libraries(tool_dicom_draw PRIVATE tome_format tome_public tome_flags Threads::Threads m)
function(draw_oracle name script)
  add_test(NAME format_dicom_${name}
    COMMAND /usr/bin/python3 -W ignore ${CMAKE_CURRENT_SOURCE_DIR}/${script}_oracle.py --tool $<TARGET_FILE:tool_dicom_draw> ${ARGN})
  set_tests_properties(format_dicom_${name} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 900
    ENVIRONMENT "TOME_DATA=${CMAKE_SOURCE_DIR}/../shared/data;TOME_TMP=${CMAKE_BINARY_DIR}/tmp;PYTHONDONTWRITEBYTECODE=1;ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1")
endfunction()
draw_oracle(draw dicom_draw)
draw_oracle(draw_real dicom_draw --real)
draw_oracle(draw_malformed dicom_draw_malformed)
