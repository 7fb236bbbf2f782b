#include "OpenAPIDocument.h"

const unsigned char sluice_openapi_document[] = {
#embed "openapi.yaml"
};
const size_t sluice_openapi_document_length = sizeof sluice_openapi_document;
