"""A photo and a camera's profile in; what that phone's camera would have delivered out.

`profile` says what a camera does to light, `profile_file` reads it from TOML, `conditions` draws one
shot's numbers from it, and `simulate` develops a photo with them: back to linear light (`curves`,
`colour`), through the lens (`light`), onto the sensor (`mosaic`, `noise`), and forward again
(`filters`, `encode`). `camera` sends a set of photos through several cameras.
"""
