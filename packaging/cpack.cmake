# `cpack` in the build folder makes a .deb, whose dependencies are read from the binaries, and a .tar.gz.
set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PACKAGE_NAME tome)
set(CPACK_PACKAGE_VENDOR "Tome")
set(CPACK_PACKAGE_CONTACT "The authors of Tome <tome@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "store for medical image volumes and their labels")
set(CPACK_PACKAGE_DESCRIPTION "Tome turns folders of medical scans and their labels (DICOM with SEG and RTSTRUCT, NIfTI, NRRD,
MetaImage, MINC, PAR/REC, PNG, TIFF and more) into a store of chunked HDF5 volumes with a SQLite index of
their geometry and statistics, preprocesses them on demand by recipes, draws training patches, and converts
between the formats.")
set(CPACK_RESOURCE_FILE_LICENSE ${CMAKE_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
include(CPack)
