// Bot API 10.3 as @gramio/types describes it, as JSON on standard output:
//   {version, methods: {name: {params: {name: field}, returns: type}}, types: {name: type}}
// A field is {required, type}. A type is one of
//   "string" "number" "boolean" "file" "anything"
//   {literal: value}   {array: type}   {union: [type...]}   {ref: name of a type}   {object: {name: field}}

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const PACKAGE = join(dirname(fileURLToPath(import.meta.url)), "node_modules", "@gramio", "types");
const KEYWORDS = new Map([
  [ts.SyntaxKind.StringKeyword, "string"],
  [ts.SyntaxKind.NumberKeyword, "number"],
  [ts.SyntaxKind.BooleanKeyword, "boolean"],
]);
// JavaScript's own objects that stand for an uploaded file.
const FILES = new Set(["Blob", "File", "Buffer", "ReadableStream"]);

function declarations(name) {
  const path = join(PACKAGE, "out", `${name}.d.ts`);
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
  return new Map(
    source.statements
      .filter((node) => ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node))
      .map((node) => [node.name.text, node]),
  );
}

function fieldsOf(members) {
  const fields = members
    .filter(ts.isPropertySignature)
    .map((member) => [member.name.text, { required: !member.questionToken, type: typeOf(member.type) }]);
  return Object.fromEntries(fields);
}

function union(types) {
  const kept = types.map(typeOf).filter((type) => type !== null);
  return kept.length === 1 ? kept[0] : { union: kept };
}

function literal(node) {
  if (node.literal.kind === ts.SyntaxKind.TrueKeyword) return { literal: true };
  if (node.literal.kind === ts.SyntaxKind.FalseKeyword) return { literal: false };
  if (ts.isNumericLiteral(node.literal)) return { literal: Number(node.literal.text) };
  return { literal: node.literal.text };
}

function reference(node) {
  const name = ts.isQualifiedName(node.typeName) ? node.typeName.right.text : node.typeName.text;
  if (name === "Exclude" || name === "Record") return "anything";
  if (FILES.has(name) || name === "TelegramInputFile") return "file";
  return { ref: name };
}

// null for what only a JavaScript caller can give, such as an object with toJSON().
function typeOf(node) {
  if (KEYWORDS.has(node.kind)) return KEYWORDS.get(node.kind);
  if (ts.isParenthesizedTypeNode(node)) return typeOf(node.type);
  if (ts.isArrayTypeNode(node)) return { array: typeOf(node.elementType) };
  if (ts.isUnionTypeNode(node)) return union(node.types);
  if (ts.isLiteralTypeNode(node)) return literal(node);
  if (ts.isTypeReferenceNode(node)) return reference(node);
  if (ts.isTypeLiteralNode(node)) {
    return node.members.some(ts.isMethodSignature) ? null : { object: fieldsOf(node.members) };
  }
  return "anything";
}

function declared(node) {
  return ts.isInterfaceDeclaration(node) ? { object: fieldsOf(node.members) } : typeOf(node.type);
}

// CallAPI<Params, Result>, CallAPIWithOptionalParams<Params, Result> or CallAPIWithoutParams<Result>.
function methodsOf(map, params) {
  const methods = map.members.filter(ts.isPropertySignature).map((member) => {
    const parts = member.type.typeArguments;
    const taken = parts.length === 2 ? declared(params.get(parts[0].typeName.right.text)) : { object: {} };
    return [member.name.text, { params: taken.object, returns: typeOf(parts.at(-1)) }];
  });
  return Object.fromEntries(methods);
}

const params = declarations("params");
const objects = [...declarations("objects"), ...params].filter(([, node]) => !node.typeParameters);
const version = createRequire(import.meta.url)(join(PACKAGE, "package.json")).version;
const schema = {
  version,
  methods: methodsOf(declarations("methods").get("APIMethods"), params),
  types: Object.fromEntries(objects.map(([name, node]) => [name, declared(node)])),
};
process.stdout.write(JSON.stringify(schema));
