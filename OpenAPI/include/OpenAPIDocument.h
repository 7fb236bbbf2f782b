#pragma once
#include <stddef.h>

/// The bytes of openapi.yaml, not NUL-terminated.
extern const unsigned char sluice_openapi_document[];
extern const size_t sluice_openapi_document_length;

/// Its first byte: Swift imports an array of unknown length as nothing usable.
static inline const unsigned char *sluice_openapi_document_start(void) { return sluice_openapi_document; }
