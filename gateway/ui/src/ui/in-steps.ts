import { defineComponent, Fragment, h, ref, type VNode } from 'vue'
import { inSteps, turn } from '@/lib/steps'

function flat(nodes: VNode[]): VNode[] {
  return nodes.flatMap((node) =>
    node.type === Fragment && Array.isArray(node.children)
      ? flat(node.children as VNode[])
      : [node],
  )
}

/** Draws what is in its slot one after the other, while the first page is drawn in steps, and shows it when all is there. */
export const InSteps = defineComponent({
  name: 'InSteps',
  setup(_, { slots }) {
    const n_drawn = ref(inSteps() ? 1 : Infinity)
    let n_all = 1
    const draw = async () => {
      while (n_drawn.value <= n_all) {
        await turn()
        n_drawn.value++
      }
      n_drawn.value = Infinity
    }
    if (inSteps()) {
      void draw()
    }
    return () => {
      const nodes = flat(slots.default?.() ?? [])
      n_all = nodes.length
      return h('div', { hidden: n_drawn.value !== Infinity }, nodes.slice(0, n_drawn.value))
    }
  },
})
