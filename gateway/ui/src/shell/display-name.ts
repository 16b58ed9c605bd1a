interface Named {
  username: string
  first_name: string
  last_name: string
}

export function nameOf(account: Named): string {
  return [account.first_name, account.last_name].filter(Boolean).join(' ') || account.username
}

export function initialsOf(account: Named): string {
  const words = nameOf(account).split(/[\s.@_-]+/u)
  const letters = [words[0], words.length > 1 ? words.at(-1) : ''].map(
    (word) => [...(word ?? '')][0],
  )
  const isAddress = nameOf(account) === account.username
  return (isAddress ? (letters[0] ?? '?') : letters.join('')).toUpperCase()
}
