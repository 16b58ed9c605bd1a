"""The parts of the OpenAPI document that do not depend on the protos: errors, headers, security."""


def _reference(kind, name):
    return {"$ref": f"#/components/{kind}/{name}"}


SCHEMAS = {
    "Detail": {
        "type": "object",
        "description": "Why the request was refused, in one sentence.",
        "properties": {"detail": {"type": "string"}},
        "required": ["detail"],
    },
    "FieldErrors": {
        "type": "object",
        "description": "What is wrong with each field, by its name in the request.",
        "additionalProperties": {
            "oneOf": [
                {"type": "array", "items": {"type": "string"}},
                _reference("schemas", "FieldErrors"),
            ]
        },
    },
    "Problem": {
        "type": "object",
        "description": "RFC 9457, for clients that accept application/problem+json.",
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "reason": {"type": "string", "description": "Stable, UPPER_SNAKE."},
            "trace_id": {"type": "string", "description": "As in X-Request-Id and in the logs."},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
                    "required": ["field", "detail"],
                },
            },
        },
        "required": ["type", "title", "status", "detail", "trace_id"],
    },
}

PARAMETERS = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "The same key and body again returns the first answer.",
        "schema": {"type": "string", "maxLength": 64},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "required": False,
        "description": "The etag of the object as last read: refuses to overwrite another's change.",
        "schema": {"type": "string"},
    },
}

HEADERS = {
    "ETag": {"description": "Changes with every write.", "schema": {"type": "string"}},
    "Link": {"description": 'The next page: <URL>; rel="next".', "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
    "Set-Cookie": {"description": "The session, HttpOnly.", "schema": {"type": "string"}},
    "X-Total-Count": {"description": "The number of matches.", "schema": {"type": "integer"}},
}

SECURITY_SCHEMES = {
    "token": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Token <key>` or `Bearer <key>`.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "roost_session",
        "description": "From the login; writes must also carry X-CSRF-Token.",
    },
}


def _response(description, *schemas, headers=()):
    refs = [_reference("schemas", name) for name in schemas]
    response = {
        "description": description,
        "content": {
            "application/json": {"schema": refs[0] if len(refs) == 1 else {"oneOf": refs}},
            "application/problem+json": {"schema": _reference("schemas", "Problem")},
        },
    }
    if headers:
        response["headers"] = {name: _reference("headers", name) for name in headers}
    return response


RESPONSES = {
    "BadRequest": _response("The request is not valid.", "FieldErrors", "Detail"),
    "Unauthorized": _response("Credentials are missing or not valid.", "Detail"),
    "Forbidden": _response("The caller may not do this.", "Detail"),
    "NotFound": _response("No such object, or the caller may not see it.", "Detail"),
    "Conflict": _response("The object exists, or its state does not allow this.", "Detail"),
    "PreconditionFailed": _response("The object has changed since If-Match.", "Detail"),
    "TooManyRequests": _response("Too many requests.", "Detail", headers=["Retry-After"]),
    "Unavailable": _response("A part of the system is down.", "Detail", headers=["Retry-After"]),
}


def responses_of(route):
    """The errors that a route may answer, by status."""
    names = {"400": "BadRequest", "401": "Unauthorized", "403": "Forbidden"}
    if route.path_fields or "NOT_FOUND" in route.method.comment:
        names["404"] = "NotFound"
    if route.rule.verb != "GET":
        names["409"] = "Conflict"
    if "etag" in route.special_fields():
        names["412"] = "PreconditionFailed"
    names["429"] = "TooManyRequests"
    names["503"] = "Unavailable"
    return {status: _reference("responses", name) for status, name in names.items()}
