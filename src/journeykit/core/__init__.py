"""
Verbs, pure: no clock, no chance, no input or output. The same input gives the same decision anywhere.

The rooms in their order, each of which imports only those before it: `expressions`, `definitions`, `facts`, `checks`, `compiling`,
`turns`, `enrollments`, `deciding`. Come in by `compile_journeys` (`compiling.index`) and `advance` (`deciding.customer`).
"""
