/** @file The files that `init` writes. */

/** A first budget file: every key that there is, most of them as comments. */
export function budgetText(gpu: string): string {
  return `# Budget file of vram-plan check. \`vram-plan schema\` prints what it may hold.

# Cards that every config has to fit: names (vram-plan list gpus) or sizes such as 12GiB.
gpu: [${gpu}]

# Memory of the card that has to stay free: a share or a size.
# headroom: 2%

# How much more than the base a config may take: a share or a size.
max-increase: 10%

# off, warn or error for each check.
checks:
  tight: warn
  batch-of-1-with-batch-norm: warn

# Globs of files that are never checked, from the folder of this file.
# ignore: ["configs/_old/**"]

# Rules for some configs; a later one goes before an earlier one.
# budgets:
#   - configs: "configs/segformer/**"
#     gpu: [a100-40gb]
#     max-increase: 500MiB
`;
}

/** A workflow without any token: annotations and the job summary need none. */
export function workflowText(version: string): string {
  return `name: vram-plan
on:
  pull_request:
    paths: ["**/*.yml", "**/*.yaml"]
permissions:
  contents: read
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0 # the commit that both branches share has to be there
      - uses: actions/setup-node@v4
        with:
          node-version: 20
      # VRAM_PLAN: a folder, tarball or git URL of vram-plan ${version}, as npm install takes it.
      - run: npm install --global "$VRAM_PLAN"
        env:
          VRAM_PLAN: \${{ vars.VRAM_PLAN }}
      - run: vram-plan check . --base "origin/$GITHUB_BASE_REF" --format github --format markdown=vram-plan.md
      - if: always()
        uses: actions/upload-artifact@v4
        with:
          name: vram-plan
          path: vram-plan.md
`;
}

/** The hook as an item of \`repos\`. It looks at all configs, as a change of a base reaches files that are not in the commit. */
export function preCommitText(): string {
  return `  - repo: local
    hooks:
      - id: vram-plan
        name: vram-plan
        entry: vram-plan check . --base HEAD
        language: system
        files: \\.ya?ml$
        pass_filenames: false
`;
}
