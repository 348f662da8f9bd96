// What both clients must see, from suite.json, and how it looks through grammY.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { GrammyError } from "grammy";

export const ANN = 1001;
export const SUITE = JSON.parse(readFileSync(new URL("../suite.json", import.meta.url), "utf8"));
export const CONFIRM = { inline_keyboard: [[{ text: "Confirm", callback_data: "go" }]] };
// The first bytes of an image 640 wide and 480 high.
export const PNG = Buffer.from("89504e470d0a1a0a0000000d4948445200000280000001e0", "hex");

async function refusalOf(call) {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new assert.AssertionError({ message: "the call was not refused" });
}

// The call is refused with this code, these very words and these parameters.
export async function refusedWith(code, description, call, parameters = {}) {
  const error = await refusalOf(call);
  assert.ok(error instanceof GrammyError, `not a GrammyError: ${error.stack}`);
  assert.deepEqual([error.error_code, error.description], [code, description]);
  assert.deepEqual(error.parameters, parameters);
}

// The same, by the refusal's name in suite.json.
export function refused(name, call, parameters) {
  return refusedWith(...SUITE.refusals[name], call, parameters);
}

export async function fails(kind, call) {
  const error = await refusalOf(call);
  assert.ok(error instanceof kind, `not a ${kind.name}: ${error.stack}`);
}
