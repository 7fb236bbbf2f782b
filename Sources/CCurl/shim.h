#pragma once
#include <curl/curl.h>

// Swift cannot call variadic functions, so each argument type libcurl takes gets one typed wrapper.

static inline CURLcode sluice_curl_global_init(void) {
    return curl_global_init(CURL_GLOBAL_DEFAULT);
}

static inline CURLcode sluice_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode sluice_curl_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode sluice_curl_set_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode sluice_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode sluice_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}

typedef size_t (*sluice_curl_data_callback)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode sluice_curl_set_data_callback(
    CURL *handle, CURLoption option, sluice_curl_data_callback callback) {
    return curl_easy_setopt(handle, option, callback);
}

typedef int (*sluice_curl_prereq_callback)(
    void *context, char *remote_ip, char *local_ip, int remote_port, int local_port);

static inline CURLcode sluice_curl_set_prereq_callback(CURL *handle, sluice_curl_prereq_callback callback) {
    return curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, callback);
}

static inline CURLcode sluice_curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLcode sluice_curl_get_pointer(CURL *handle, CURLINFO info, void **value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLMcode sluice_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

/// The result of a finished transfer; `CURLMsg` keeps it in a union.
static inline CURLcode sluice_curl_message_result(const CURLMsg *message) {
    return message->data.result;
}
