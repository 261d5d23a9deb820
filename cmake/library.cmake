# The discovery library for other programs: one archive, two headers, a CMake package and a pkg-config
# file. `cmake --install . --component library` installs these and nothing else.

set(KITH_LIBRARY_PARTS client net discovery config dns base)

set(archive ${PROJECT_BINARY_DIR}/libkith.a)
set(script "create ${archive}\n")
set(libraries)
foreach(part IN LISTS KITH_LIBRARY_PARTS)
    string(APPEND script "addlib $<TARGET_FILE:kith_${part}>\n")
    list(APPEND libraries $<TARGET_FILE:kith_${part}>)
endforeach()
string(APPEND script "save\nend\n")
file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/libkith.mri CONTENT "${script}")
list(TRANSFORM KITH_LIBRARY_PARTS PREPEND kith_ OUTPUT_VARIABLE part_targets)
add_custom_command(OUTPUT ${archive}
    COMMAND ${CMAKE_COMMAND} -E rm -f ${archive}
    COMMAND ${CMAKE_AR} -M < ${PROJECT_BINARY_DIR}/libkith.mri
    DEPENDS ${libraries} ${part_targets} ${PROJECT_BINARY_DIR}/libkith.mri
    COMMENT "Joining the parts of libkith.a" VERBATIM)
add_custom_target(kith_library DEPENDS ${archive})

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/kith-config.cmake.in ${PROJECT_BINARY_DIR}/kith-config.cmake
    INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/kith PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/kith-config-version.cmake COMPATIBILITY SameMinorVersion)
configure_file(${PROJECT_SOURCE_DIR}/cmake/kith.pc.in ${PROJECT_BINARY_DIR}/kith.pc @ONLY)

install(FILES ${archive} DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library OPTIONAL)
install(FILES src/client/discovery.hpp src/client/kith.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/kith COMPONENT library)
install(FILES ${PROJECT_BINARY_DIR}/kith-config.cmake ${PROJECT_BINARY_DIR}/kith-config-version.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/kith COMPONENT library)
install(FILES ${PROJECT_BINARY_DIR}/kith.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT library)
