/* Runs before the first paint, so that no theme or direction flashes by. Asks at once whose session it is; who may see the page
 * sees its head. Then it asks for what the program asks for when it has been read: the files of the page and its language. */
;(function () {
  const ME = '/api/v1/account/me/'
  /* Nothing waits longer for the head. */
  const LATE_MS = 200
  const ACCEPT = 'application/json, application/problem+json'
  /* From scripts/early.ts: { files: { frame: [name], '/domains': [name] }, heads: { en: { '/domains': [title] } } }. */
  const { files = {}, heads = {} } = /* EARLY */ {}
  const root = document.documentElement
  const path = location.pathname
  let stored = null
  try {
    root.dataset.theme = localStorage.getItem('roost.theme') || 'system'
    root.dataset.contrast = localStorage.getItem('roost.contrast') || 'system'
    root.dataset.nav = localStorage.getItem('roost.nav') || 'on'
    stored = localStorage.getItem('roost.language')
  } catch {
    root.dataset.theme = 'system'
    root.dataset.contrast = 'system'
  }
  const bases = (stored ? [stored] : navigator.languages).map(
    (tag) => tag.toLowerCase().split('-')[0],
  )
  const language = bases.find((base) => base in heads) || 'en'
  root.lang = stored || language
  root.dir = stored && bases[0] === 'ar' ? 'rtl' : 'ltr'
  if (path === '/login') {
    preload([language + '.base'])
    return
  }
  if ('frame' in files) {
    const keys = [language + '.base', language + '.pages', 'frame', path]
    const answer = fetch(ME, { cache: 'no-store', headers: { Accept: ACCEPT } })
    const isParsed = new Promise((done) => {
      document.addEventListener('readystatechange', done, { once: true })
    })
    /* Whatever fails here, the program meets and tells. */
    const head = answer.then((me) => showHead(me.clone(), isParsed)).catch(() => undefined)
    const late = new Promise((done) => setTimeout(done, LATE_MS))
    window.early = { answers: { [ME]: answer }, head: Promise.race([head, late]) }
    /* A line as a phone has it is busy with the program until then. */
    window.early.head.then(() => preload(keys))
  }

  async function showHead(me, isParsed) {
    /* The pseudo-languages are made by the program. */
    const head = stored in heads || !stored ? (heads[language] || {})[path] : undefined
    const { role } = await me.json()
    await isParsed
    if (head && role === 'SuperAdmins' && !document.querySelector('h1')) {
      outline(head)
      await painted()
    }
  }

  function painted() {
    /* A tab behind others paints nothing. */
    return document.hidden || new Promise((done) => requestAnimationFrame(() => setTimeout(done)))
  }

  function outline([title, about = '']) {
    const place = document.createElement('div')
    const page = document.createElement('div')
    place.id = 'outline'
    place.ariaHidden = 'true'
    for (const [name, text] of Object.entries({ title, about })) {
      const line = document.createElement('p')
      line.className = name
      line.textContent = text
      page.append(line)
    }
    place.append(page)
    document.body.prepend(place)
  }

  function preload(keys) {
    for (const file of new Set(keys.flatMap((key) => files[key] || []))) {
      const link = document.createElement('link')
      if (file.endsWith('.css')) {
        link.rel = 'preload'
        link.as = 'style'
      } else {
        link.rel = 'modulepreload'
      }
      /* As the program's own requests are made: others would not be answered by this one. */
      link.crossOrigin = ''
      link.fetchPriority = 'low'
      link.href = '/' + file
      document.head.append(link)
    }
  }
})()
