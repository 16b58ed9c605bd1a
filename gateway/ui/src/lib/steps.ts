import { readonly, ref, type Ref } from 'vue'

/* The first page is drawn in steps, each a task of its own: a phone takes a quarter of a second for all of it, and a tap in
 * between is heard. main.ts begins it. Later pages come at once: nobody waits for their code. */

let isStepwise = false

export function drawInSteps(): void {
  /* A tab behind others gives each task a second. */
  isStepwise = !document.hidden
}

/** After the last step. */
export function endSteps(): void {
  isStepwise = false
}

export function inSteps(): boolean {
  return isStepwise
}

/** Ends the task, as long as there are steps. */
export function turn(): Promise<void> {
  return isStepwise ? new Promise((done) => setTimeout(done)) : Promise.resolve()
}

/** False until others have had so many turns. */
export function useStep(n_turns = 1): Readonly<Ref<boolean>> {
  const isReached = ref(!isStepwise)
  const wait = async () => {
    for (let left = n_turns; left > 0; left--) {
      await turn()
    }
    isReached.value = true
  }
  if (isStepwise) {
    void wait()
  }
  return readonly(isReached)
}
