# The DICOM reader and writer: dcmtk for attributes and most codecs, OpenJPEG for JPEG 2000.
pkg_check_modules(OPENJPEG REQUIRED IMPORTED_TARGET libopenjp2)
add_library(tome_dcmtk INTERFACE)
foreach(part IN ITEMS dcmjpeg dcmjpls dcmdata oflog ofstd)
  find_library(DCMTK_${part} ${part} REQUIRED)
  target_link_libraries(tome_dcmtk INTERFACE ${DCMTK_${part}})
endforeach()
set(TOME_DICOM_SOURCES dicom.c dicom_scan.c dicom_source.c dicom_fragments.c dicom_image.c dicom_geometry.c dicom_describe.c
  dicom_decode.c dicom_rle.c dicom_dcmtk.cc j2k.c
  dicom_file.c dicom_seg.c dicom_seg_read.c dicom_rtstruct.c dicom_polygon.c
  dicom_emit.c dicom_values.c dicom_write.c dicom_write_seg.c j2k_write.c)
set(TOME_DICOM_LIBS tome_dcmtk PkgConfig::OPENJPEG)
