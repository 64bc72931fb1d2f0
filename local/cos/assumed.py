"""What no document says of COS and the endpoint has to decide: all of it, each with its source.

"Unknown" is what nobody outside of Tencent can have seen written down. The SDKs: cos-python-sdk-v5 1.9.44,
cos-nodejs-sdk-v5 3.0.0.

| behaviour | assumed here | source |
|---|---|---|
| whether the Host must be signed | no; CosConfig.host_must_be_signed | inferred: SignHost of the SDKs |
| whether anything else must be signed | only what its lists name | inferred: SignParams of the Python SDK |
| a signed Host without its port | is taken, as is one with it | cos-python-sdk-v5 signs the name alone |
| lists that are not sorted, or not in lower case | SignatureDoesNotMatch | the document; the code: unknown |
| a malformed signature | SignatureDoesNotMatch | unknown |
| a signature in the header and in the parameters | the header counts | unknown |
| a window that begins up to 15 minutes from now | is taken | inferred: RequestTimeTooSkewed |
| a window that is over | AccessDenied, "Request has expired" | cos-nodejs-sdk-v5 compares that text |
| the header Date | is not looked at | unknown |
| a session token missing, or not that of the key | AccessDenied | unknown |
| a parameter or a header that comes twice | the last one counts, in signature and effect | unknown |
| "+" in a parameter | a space | cos-python-sdk-v5 sends it so, and signs %20 |
| a key that is not UTF-8 | InvalidURI | unknown |
| a key that begins with "/" | is that key: `//a` asks for `/a` | cos-nodejs-sdk-v5 asks and signs so |
| which of several errors | size, method, bucket, signature, key, policy, the rest | unknown |
| Range: several, of another unit, or none at all | the whole object, with 200 | RFC 9110, section 14.2 |
| the order of conditions | match, unmodified, none match, modified | RFC 9110, section 13.2.2 |
| max-keys above 1000; 0, or no number | 1000; InvalidArgument | unknown |
| NextMarker | the last entry of the page; a marker is not listed | unknown: the document has both readings |
| "/" where encoding-type is url | stays as it is | unknown |
| a body in chunks, without Content-Length | is taken | unknown |
| sub-resources that are not here, as ?acl | MethodNotAllowed | of this endpoint alone |
| another bucket, or another Host | NoSuchBucket | the document: a bucket is its name in the Host |
"""
