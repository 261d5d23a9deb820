# The library for other programs: an archive with all interfaces (discovery in C++ and C, zones in C++), a shared
# library with the C interface alone, three headers, a CMake package and pkg-config files.
# `cmake --install . --component library` installs these and nothing else.
#
# The C++ interface is in no shared library: its types would have to stay what they are. Of the shared one
# only the functions of kith.h are seen (libkith.map), and its name changes with KITH_ABI_VERSION.

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

file(STRINGS src/client/kith.h abi_line REGEX "^#define KITH_ABI_VERSION ")
string(REGEX MATCH "[0-9]+$" KITH_ABI_VERSION "${abi_line}")
# The parts are built to stand in a shared library, too (cmake/modules.cmake).
add_library(kith_shared SHARED EXCLUDE_FROM_ALL src/client/kith_c.cpp)
target_include_directories(kith_shared PRIVATE src)
target_link_libraries(kith_shared PRIVATE kith_client)
target_link_options(kith_shared PRIVATE -Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/libkith.map
    -Wl,--exclude-libs,ALL -Wl,--as-needed -Wl,--no-undefined)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
    # Programs in C need no C++ library of a certain age.
    target_link_options(kith_shared PRIVATE -static-libstdc++ -static-libgcc)
endif()
set_target_properties(kith_shared PROPERTIES OUTPUT_NAME kith VERSION ${PROJECT_VERSION}
    SOVERSION ${KITH_ABI_VERSION} LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/libkith.map
    LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
add_custom_target(kith_library DEPENDS ${archive} kith_shared)

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/kith-config.cmake.in ${PROJECT_BINARY_DIR}/kith-config.cmake
    INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/kith PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/kith-config-version.cmake COMPATIBILITY SameMinorVersion)
# Relative, so that it is right wherever it is installed.
file(RELATIVE_PATH KITH_PC_TO_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
foreach(pc kith kith-c kith-zones)
    configure_file(${PROJECT_SOURCE_DIR}/cmake/${pc}.pc.in ${PROJECT_BINARY_DIR}/${pc}.pc @ONLY)
endforeach()

install(FILES ${archive} DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library OPTIONAL)
install(FILES ${PROJECT_BINARY_DIR}/libkith.so.${PROJECT_VERSION} ${PROJECT_BINARY_DIR}/libkith.so.${KITH_ABI_VERSION}
    ${PROJECT_BINARY_DIR}/libkith.so DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library OPTIONAL)
install(FILES src/client/discovery.hpp src/client/zones.hpp src/client/kith.h
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/kith COMPONENT library)
install(FILES ${PROJECT_BINARY_DIR}/kith-config.cmake ${PROJECT_BINARY_DIR}/kith-config-version.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/kith COMPONENT library)
install(FILES ${PROJECT_BINARY_DIR}/kith.pc ${PROJECT_BINARY_DIR}/kith-c.pc ${PROJECT_BINARY_DIR}/kith-zones.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT library)
