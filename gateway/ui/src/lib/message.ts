import type { MessageContext, MessageFunction } from 'vue-i18n'

/* Compiles the part of vue-i18n's message syntax that the catalogues use: {name}, {'literal text'}, and forms of a
 * plural between bars. In place of the library's own compiler, which is ten times as large. */

type Part = { text: string } | { name: string }

const TOKEN = /\{'([^']*)'\}|\{\s*(\w+)\s*\}|\s*\|\s*/g

export function parseMessage(message: string): Part[][] {
  const forms: Part[][] = [[]]
  let end = 0
  const add = (part: Part) => forms.at(-1)!.push(part)
  for (const match of message.matchAll(TOKEN)) {
    if (match.index > end) {
      add({ text: message.slice(end, match.index) })
    }
    end = match.index + match[0].length
    if (match[2] !== undefined) {
      add({ name: match[2] })
    } else if (match[1] !== undefined) {
      add({ text: match[1] })
    } else {
      forms.push([])
    }
  }
  if (end < message.length) {
    add({ text: message.slice(end) })
  }
  return forms
}

function say(form: Part[], context: MessageContext<string>): string {
  return form
    .map((part) => ('text' in part ? part.text : String(context.named(part.name) ?? '')))
    .join('')
}

export function compileMessage(message: unknown): MessageFunction<string> {
  const forms = parseMessage(String(message))
  if (forms.length === 1) {
    return ((context: MessageContext<string>) => say(forms[0]!, context)) as MessageFunction<string>
  }
  return ((context: MessageContext<string>) =>
    context.plural(forms.map((form) => say(form, context)))) as MessageFunction<string>
}
