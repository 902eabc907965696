/** The experiment that every contender creates and gets. */
export const id = "7f3a1c52-9a5e-4f0e-8a8c-0d4f9a1b2c3d";

export const input = { slug: "resnet-50", metadata: { learningRate: 0.1, optimizer: "adam" } };

/** The answer to both. */
export const answer = JSON.stringify({
  experiment: {
    id,
    slug: "resnet-50",
    description: null,
    status: "running",
    folder_id: null,
    metadata: { learningRate: 0.1, optimizer: "adam", layers: [1, 2, 3] },
    created_at: "2026-01-01T00:00:00Z",
    updated_at: "2026-01-01T00:00:00Z",
  },
});
