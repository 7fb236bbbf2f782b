#include "OpenAPIDocument.h"

// `#embed` is C23; Clang has it in every mode.
#pragma clang diagnostic ignored "-Wc23-extensions"

const unsigned char sluice_openapi_document[] = {
#embed "openapi.yaml"
};
const size_t sluice_openapi_document_length = sizeof sluice_openapi_document;
