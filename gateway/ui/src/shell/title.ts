/* The title of the window, `<object> – <section> – Roost`: the object is what the page's h1 says. */

export function titleOf(heading: string, section: string): string {
  const parts = [heading.trim(), section, 'Roost'].filter(
    (part, index, all) => part !== '' && all.indexOf(part) === index,
  )
  return parts.join(' – ')
}

/* Keeps the title in step with the h1 below `main`, which may come and change with what is loaded. */
export function followHeading(main: HTMLElement, section: () => string): () => void {
  let frame = 0
  const update = () => {
    frame = 0
    const heading = main.querySelector('h1')
    document.title = titleOf(heading?.textContent ?? '', section())
    if (heading) {
      /* What theme.js has shown until now. */
      document.getElementById('outline')?.remove()
    }
  }
  const observer = new MutationObserver(() => {
    frame ||= requestAnimationFrame(update)
  })
  observer.observe(main, { childList: true, characterData: true, subtree: true })
  update()
  return () => {
    cancelAnimationFrame(frame)
    observer.disconnect()
  }
}
