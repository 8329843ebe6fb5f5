#!/usr/bin/env python3
"""Makes src/Spillway.ApiServer/Http/Protobuf/fields.txt.gz: the field numbers of Kubernetes' protobuf messages.

    eng/protobuf-fields/generate.py "$(which kubectl)" src/Spillway.ApiServer/Http/Protobuf/fields.txt.gz

A Go program that speaks Kubernetes carries the compressed descriptors of its messages; kubectl has nearly all. What it lacks,
newer fields and the API extensions, is in newer.txt in the form of the result. A message is a
line with its OpenAPI name, followed by a line per field, indented: number, name, form, type. Forms: s string, b bool, i whole
number, d double, y bytes, m message; '*' before it is repeated, '{' a map from strings.
"""
import gzip, os, re, sys, zlib

# Where the message's name of a field is not the one in JSON.
JSON_NAMES = {
    'Webhooks': 'webhooks', 'Expression': 'expression', 'Name': 'name', 'uID': 'uid', 'aPIGroup': 'apiGroup',
}

FORMS = {1: 'd', 3: 'i', 4: 'i', 5: 'i', 8: 'b', 9: 's', 11: 'm', 12: 'y', 13: 'i'}


def fields(data):
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
        elif tag & 7 == 2:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        else:
            width = 8 if tag & 7 == 1 else 4
            value, at = data[at:at + width], at + width
        yield tag >> 3, value


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def descriptors(program):
    for match in re.finditer(b'\x1f\x8b\x08', program):
        try:
            text = zlib.decompressobj(31).decompress(program[match.start():match.start() + 400_000])
        except zlib.error:
            continue
        if b'k8s.io/' in text[:40] and b'generated.proto' in text[:120]:
            yield text


def openapi(name):
    name = name.lstrip('.')
    return 'io.k8s.' + name[len('k8s.io.'):] if name.startswith('k8s.io.') else name


def read_field(data):
    field = {'label': 0, 'type': 0, 'name': '', 'number': 0, 'of': ''}
    for number, value in fields(data):
        if number == 1: field['name'] = value.decode()
        elif number == 3: field['number'] = value
        elif number == 4: field['label'] = value
        elif number == 5: field['type'] = value
        elif number == 6: field['of'] = value.decode()
    return field


def read_message(data, prefix, into):
    name, own, nested = '', [], []
    for number, value in fields(data):
        if number == 1: name = value.decode()
        elif number == 2: own.append(read_field(value))
        elif number == 3: nested.append(value)
    full = prefix + '.' + name
    into[full] = own
    for inner in nested:
        read_message(inner, full, into)


def main(source, target):
    messages = {}
    for text in descriptors(open(source, 'rb').read()):
        package = next(v.decode() for n, v in fields(text) if n == 2)
        if 'alpha' in package or 'beta' in package or 'metrics' in package:
            continue
        for number, value in fields(text):
            if number == 4:
                read_message(value, '.' + package, messages)
    lines = []
    for name in sorted(messages):
        if name.endswith('Entry') and [f['name'] for f in messages[name]] == ['key', 'value']:
            continue
        lines.append(openapi(name))
        for field in sorted(messages[name], key=lambda f: f['number']):
            form, of = FORMS[field['type']], field['of']
            entry = messages.get(of)
            if field['label'] == 3 and form == 'm' and entry and [f['name'] for f in entry] == ['key', 'value']:
                value = entry[1]
                form, of = '{' + FORMS[value['type']], value['of']
            elif field['label'] == 3:
                form = '*' + form
            lines.append(f" {field['number']} {JSON_NAMES.get(field['name'], field['name'])} {form} {openapi(of)}".rstrip())
    lines += open(os.path.join(os.path.dirname(__file__), 'newer.txt')).read().splitlines()
    with open(target, 'wb') as file:
        file.write(gzip.compress(('\n'.join(lines) + '\n').encode(), mtime=0))


main(*sys.argv[1:])
