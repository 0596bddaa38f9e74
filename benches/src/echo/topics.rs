//! What the agent talks about while nobody answers.

/// Some ten to twenty seconds of speech each.
pub const TOPICS: [&str; 4] = [
    "The lighthouse stood on the last rock before the open sea. Every evening the keeper climbed its two hundred steps, \
     lit the lamp, and wrote one line into his book. On most days the line was about the weather. On some days it was \
     about a ship, and once it was about a bird that had lost its way.",
    "Bread needs four things, which are flour, water, salt and time. Mix them in the evening and go to bed. In the \
     morning the dough has doubled, and smells a little sour. Fold it, let it rest for an hour, and bake it in a hot \
     oven until it sounds hollow when you knock on it.",
    "Your order has been received. It holds two lamps, one box of screws and a ladder. The lamps and the screws leave \
     the warehouse today and should arrive on Thursday before noon. The ladder is too long for the usual van, so \
     somebody will call you tomorrow to find a day that suits you.",
    "To reset the device, hold the round button on its back for ten seconds. The light turns yellow, then blue. When it \
     is blue, let go and wait. It will look for its network by itself, and that takes about a minute. If the light \
     turns red instead, try again a little closer to the router.",
];
