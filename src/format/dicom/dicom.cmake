# The DICOM reader and writer: dcmtk for attributes and most codecs, OpenJPEG for JPEG 2000.
pkg_check_modules(OPENJPEG REQUIRED IMPORTED_TARGET libopenjp2)
add_library(tome_dcmtk INTERFACE)
foreach(part IN ITEMS dcmjpeg dcmjpls dcmdata oflog ofstd)
  find_library(DCMTK_${part} ${part} REQUIRED)
  target_link_libraries(tome_dcmtk INTERFACE ${DCMTK_${part}})
endforeach()
set(TOME_DICOM_SOURCES dicom/dicom.c dicom/scan.c dicom/source.c dicom/fragments.c dicom/image.c dicom/geometry.c dicom/describe.c
  dicom/decode.c dicom/rle.c dicom/dcmtk.cc dicom/j2k.c
  dicom/file.c dicom/seg.c dicom/seg_read.c dicom/rtstruct.c dicom/polygon.c
  dicom/emit.c dicom/values.c dicom/write.c dicom/write_seg.c dicom/j2k_write.c)
set(TOME_DICOM_LIBS tome_dcmtk PkgConfig::OPENJPEG)
