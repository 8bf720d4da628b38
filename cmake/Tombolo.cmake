# What every room of the house shares: flags, and one function that turns a folder into a library and its tests.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(GTest REQUIRED)
find_library(RAPIDCHECK rapidcheck REQUIRED)

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# What -O3 adds to -O2 is time at the compiler; the program waits for AWS.
if(CMAKE_CXX_FLAGS_RELEASE STREQUAL "-O3 -DNDEBUG")
  set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
endif()

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_compile_options(-Wall -Wextra -Wnon-virtual-dtor -Wold-style-cast -Wshadow)
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # TRY is a statement expression, and gcc has no finer switch for it than -Wpedantic.
  add_compile_options(-Wpedantic -Wno-gnu-statement-expression)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 sees overlapping copies in std::string's own code when it optimizes (GCC bug 105651).
  add_compile_options(-Wno-restrict)
  if(TOMBOLO_UNITY)
    # To g++ a source inside another is a header, and whoever includes a header could see a type without a linkable name.
    add_compile_options(-Wno-subobject-linkage)
  endif()
endif()
if(TOMBOLO_WERROR)
  add_compile_options(-Werror)
endif()
if(TOMBOLO_SANITIZE)
  add_compile_options(-fsanitize=${TOMBOLO_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${TOMBOLO_SANITIZE})
endif()
if(TOMBOLO_FUZZ)
  # Coverage for libFuzzer everywhere; only the fuzz targets link its main().
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_link_options(-fsanitize=fuzzer-no-link)
endif()
add_compile_options($<$<CONFIG:Release>:-ffunction-sections> $<$<CONFIG:Release>:-fdata-sections>)
add_compile_definitions(TOMBOLO_VERSION="${PROJECT_VERSION}")

# With TOMBOLO_UNITY ten sources of a target are one translation unit: most of the time of a build goes into reading the
# same headers again. So a name in an unnamed namespace, and what a `using` there says, has one meaning in its folder.
function(tombolo_join target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${TOMBOLO_UNITY} UNITY_BUILD_BATCH_SIZE 10)
endfunction()

# tombolo_room(<folder> USES <rooms below> LINK <system libraries>)
# Every .cpp of the folder becomes the library tombolo_<folder>; every *_test.cpp becomes part of <folder>_test.
function(tombolo_room room)
  cmake_parse_arguments(ARG "" "" "USES;LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  add_library(tombolo_${room} STATIC ${sources})
  tombolo_join(tombolo_${room})
  target_include_directories(tombolo_${room} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  list(TRANSFORM ARG_USES PREPEND tombolo_)
  target_link_libraries(tombolo_${room} PUBLIC ${ARG_USES} PRIVATE ${ARG_LINK})
  if(tests)
    add_executable(${room}_test ${tests})
    tombolo_join(${room}_test)
    target_link_libraries(${room}_test PRIVATE tombolo_${room} ${ARG_LINK} ${RAPIDCHECK} GTest::gmock GTest::gtest GTest::gtest_main)
    target_compile_definitions(${room}_test PRIVATE TOMBOLO_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    add_test(NAME ${room}${TOMBOLO_TEST_SUFFIX} COMMAND ${room}_test --gtest_brief=1)
    set_tests_properties(${room}${TOMBOLO_TEST_SUFFIX} PROPERTIES TIMEOUT 300 LABELS unit)
  endif()
endfunction()
