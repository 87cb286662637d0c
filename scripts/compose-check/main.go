// Reads a Compose file as `docker compose` does (same library: schema, interpolation, secrets, depends_on) and says
// what is wrong with it. There is no engine needed for that.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: compose-check FILE")
		os.Exit(2)
	}
	options, err := cli.NewProjectOptions([]string{os.Args[1]}, cli.WithName("ductus"), cli.WithOsEnv)
	if err == nil {
		project, loadErr := options.LoadProject(context.Background())
		if err = loadErr; err == nil {
			for _, service := range project.ServiceNames() {
				fmt.Println(service, project.Services[service].Image)
			}
			return
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
